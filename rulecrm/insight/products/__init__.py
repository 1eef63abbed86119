"""What is sold: roles of products, bundles, audiences, seasons, and what a price does to sales."""

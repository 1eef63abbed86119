"""Pictures of lifecycles and campaigns: as SVG, and as Mermaid text."""

from rulecrm.draw.bars import to_bars
from rulecrm.draw.diagram import Arrow, Box, Diagram, Inlet, of_campaign, of_lifecycle
from rulecrm.draw.mermaid import to_mermaid
from rulecrm.draw.svg import to_svg

__all__ = ["Arrow", "Box", "Diagram", "Inlet", "of_campaign", "of_lifecycle", "to_bars", "to_mermaid", "to_svg"]

"""Every diagnostic code, by area; a code once given is never given another meaning."""

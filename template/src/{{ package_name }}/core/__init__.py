"""What the service knows of HTTP and operations, without a web framework."""

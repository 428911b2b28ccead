"""What the tests stand on: renders, projects, running services, real servers."""

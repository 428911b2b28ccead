"""What every service has: settings, logs, problems, limits, mail, metrics; see the README."""

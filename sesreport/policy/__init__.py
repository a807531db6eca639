"""Who can send through an Amazon SES identity, decided over all requests from its policies alone."""

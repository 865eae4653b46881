"""What a CRM's fields mean, and how they become lead fields and back."""

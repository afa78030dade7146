"""What is done while which lock is held: costs of a design, measured by exhausting scopes of growing size."""

"""What a lead is worth and how far it has come: frames in, frames out, no I/O and no clock."""

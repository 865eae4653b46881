"""Reports as one HTML file: figures first, then pictures of exactly these figures."""

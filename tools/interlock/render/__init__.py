"""Reports as text: one file for each form.  Renderers return lines and documents; only the command line prints."""

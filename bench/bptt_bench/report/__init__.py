"""Report: an analysis in, tables on screen, figures and pages out. It computes no statistics and never times."""

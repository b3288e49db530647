"""The data for programs: tables of a release or build, checked, with labels and a citation."""

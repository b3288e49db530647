"""Tools of this repository: environments, licences, bench, documentation; never in the wheel."""

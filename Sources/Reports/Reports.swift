// Reports: see DESIGN in the README.

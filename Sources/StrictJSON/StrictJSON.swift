// StrictJSON: see DESIGN in the README.

// Measurement: see DESIGN in the README.

// Inference: see DESIGN in the README.

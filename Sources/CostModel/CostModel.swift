// CostModel: see DESIGN in the README.

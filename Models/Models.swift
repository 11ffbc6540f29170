// Models: the catalogue, as data with a thin decoder.

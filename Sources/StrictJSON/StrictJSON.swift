// StrictJSON: documents in and out of the program without loss: a strict reader, an exact writer,
// keys compared by bytes, and files that are replaced whole or not at all.

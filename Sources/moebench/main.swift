print("moebench")

// Power, tariffs, carbon, rents as one JSON array in the binary: brackets and commas around the files.
#include "model_data.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char text[] = {
  '[',
#embed "../machines/carbon.json"
, ',',
#embed "../machines/cpus.json"
, ',',
#embed "../machines/electricity.json"
, ',',
#embed "../machines/families.json"
, ',',
#embed "../machines/ownership.json"
, ',',
#embed "../machines/power.json"
, ',',
#embed "../machines/rentals.json"
, ']'
};

md_text md_machines(void) { return (md_text){text, sizeof text}; }

// The price tables as one JSON array in the binary: brackets and commas around the files.
#include "model_data.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char text[] = {
  '[',
#embed "../prices/claims.json"
, ',',
#embed "../prices/exchange-rates.json"
, ',',
#embed "../prices/list.json"
, ']'
};

md_text md_prices(void) { return (md_text){text, sizeof text}; }

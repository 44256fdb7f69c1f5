/* control/expect: any bytes are a question with a sender, a recipient and an answer, or an error. */

#include <stdint.h>
#include <stdlib.h>

#include "lib/expect.h"
#include "lib/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  text record = TEXT_ZERO, error = TEXT_ZERO;

  if (expect_parse((const char *)data, size, &record, &error)) {
    if (!record_check(&record) || !record_find(&record, "from") || !record_find(&record, "to")) abort();
    if (!record_find(&record, "code") && !record_find(&record, "status") && !record_find(&record, "rule") && !record_find(&record, "goal")) abort();
  } else if (!error.len)
    abort();
  text_free(&record);
  text_free(&error);
  return 0;
}

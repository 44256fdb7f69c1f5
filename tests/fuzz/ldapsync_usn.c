/* ldapsync/usn: any bytes as a stored place: what is read is written as it was, with the number's leading zeros gone. */

#include <stdint.h>
#include <stdlib.h>

#include "ldapsync/usn.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  struct usn_place p = USN_PLACE_ZERO, again = USN_PLACE_ZERO;
  text stored = TEXT_ZERO, filter = TEXT_ZERO;

  text_copy_bytes(&stored, (const char *)bytes, length);
  if (usn_place_parse(&p, &stored)) {
    usn_place_format(&p, &stored);
    if (stored.len > length || !usn_place_parse(&again, &stored) || again.usn != p.usn || !text_is(&again.controller, text_string(&p.controller))) abort();
  }
  if (length > USN_ID) usn_id_filter(&filter, (const char *)bytes, length / USN_ID, "(a=*)");
  text_string(&stored);
  usn_context(&stored, stored.s);
  text_free(&p.controller);
  text_free(&again.controller);
  text_free(&stored);
  text_free(&filter);
  return 0;
}

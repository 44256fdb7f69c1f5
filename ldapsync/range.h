/* range: Active Directory gives an attribute with many values out in pieces (MS-ADTS 3.1.1.3.1.3.3): "member;range=0-1499" instead of
   member, then, if it is asked, "member;range=1500-2999", at last "member;range=3000-*". No I/O. */

#ifndef LDAPSYNC_RANGE_H
#define LDAPSYNC_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
  size_t name_length;   /* of the attribute's name, in front of the options */
  uint64_t first, last; /* numbers of values; 32 bits each */
  bool is_end;          /* "*": no value comes after these */
};

/* False: the attribute is whole, or what it says is no range. */
bool range_parse(const char *description, struct range *r);

#endif

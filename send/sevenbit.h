/* sevenbit: a message with 8-bit text becomes one without, for a host that does not offer 8BITMIME (RFC 6152 3): part by
   part, each in quoted-printable or base64 (RFC 2045), multiparts and message/rfc822 to any depth. No I/O.

   The message goes through twice, in pieces of any length: first it is only looked at, which tells whether it can be converted
   and how each part is to be; then it is written. Memory: the headers of one part, a line, a byte a part. */

#ifndef SEND_SEVENBIT_H
#define SEND_SEVENBIT_H

#include "lib/bytes.h"
#include "send/encode.h"

enum {
  SEVENBIT_LEVELS = 100,       /* multiparts in multiparts */
  SEVENBIT_PARTS = 10000,
  SEVENBIT_LINE = 1024,        /* no boundary is longer */
  SEVENBIT_HEADER = 256 * 1024
};

enum sevenbit_how { SEVENBIT_SAME, SEVENBIT_QUOTED, SEVENBIT_BASE64, SEVENBIT_REPAIR, SEVENBIT_DROP };

struct sevenbit_level { /* an open multipart */
  text boundary;
  bool is_digest;
  bool is_signed;
};

/* What a part's header says. */
struct sevenbit_part {
  bool is_multipart, is_message, is_text, is_opaque; /* is_opaque: no encoding is allowed for it */
  bool is_signed, is_digest, has_dkim, has_8bit;
  bool says_8bit, has_type, has_version, has_charset, is_whole; /* is_whole: a message, not a part of one */
  enum { SEVENBIT_PLAIN, SEVENBIT_IS_QUOTED, SEVENBIT_IS_BASE64, SEVENBIT_UNKNOWN } encoding;
  text boundary;
};

struct sevenbit {
  const char *fault; /* why it cannot be converted; 0: it can */
  bool is_own;       /* set by the caller: a message of ours, whose signature may be taken off */
  bool is_writing, has_begun; /* has_begun: the message's own header was read */
  enum { SEVENBIT_IN_HEADER, SEVENBIT_IN_LEAF, SEVENBIT_BETWEEN } where;
  struct sevenbit_level levels[SEVENBIT_LEVELS];
  size_t level_count, signed_count;
  struct sevenbit_part part;
  text header;       /* of the part, while it is read */
  text line;         /* the part of a line that was read */
  bool is_in_line;   /* a long line: its beginning was taken already */
  const char *held_end; /* the line end that may belong to a boundary */
  text hows;         /* of each leaf: enum sevenbit_how */
  size_t leaf;       /* number of leaves until now */
  uint64_t bytes, bytes_8bit; /* of the leaf */
  struct encode encode;
};

void send_sevenbit_begin(struct sevenbit *s, bool is_writing); /* the struct is zeroed before the first time */
void send_sevenbit_add(struct sevenbit *s, const char *bytes, size_t length, text *out);
void send_sevenbit_end(struct sevenbit *s, text *out);
void send_sevenbit_free(struct sevenbit *s);

/* The header of one part, with its empty line. is_whole: of the message or of one inside it; is_in_digest: RFC 2046 5.1.5. */
void send_sevenbit_part_read(struct sevenbit_part *p, const text *header, bool is_whole, bool is_in_digest);

/* The same header with the encoding that its body gets. */
void send_sevenbit_part_write(const struct sevenbit_part *p, const text *header, enum sevenbit_how how, text *out);

#endif

#include "tlsrpt/gzip.h"

#include <zlib.h>

#include "lib/die.h"

enum { GZIP_WINDOW = 15 + 16 /* zlib's word for a gzip header */, GZIP_MEMORY = 8 };

void tlsrpt_gzip(const text *bytes, text *gzip)
{
  z_stream z = { .next_in = (unsigned char *)bytes->s, .avail_in = (unsigned int)bytes->len };

  if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) die_nomem();
  size_t room = deflateBound(&z, bytes->len);
  text_clear(gzip);
  text_ready(gzip, room);
  z.next_out = (unsigned char *)gzip->s;
  z.avail_out = (unsigned int)room;
  if (deflate(&z, Z_FINISH) != Z_STREAM_END) die_temporary("unable to compress a report");
  gzip->len = z.total_out;
  deflateEnd(&z);
}

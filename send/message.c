#include "send/message.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "send/data.h"

enum { PART_BYTES = 128 * 1024 };

bool send_message_read(struct message *m, uint64_t at)
{
  size_t wanted = m->size - at < PART_BYTES ? (size_t)(m->size - at) : PART_BYTES;

  text_clear(&m->bytes);
  text_ready(&m->bytes, wanted);
  while (m->bytes.len < wanted) {
    ssize_t got = pread(m->fd, m->bytes.s + m->bytes.len, wanted - m->bytes.len, (off_t)(m->offset + at + m->bytes.len));
    if (got == -1 && errno == EINTR) continue;
    if (got == 0) errno = EIO; /* the file has become shorter */
    if (got <= 0) return false;
    m->bytes.len += (size_t)got;
  }
  return true;
}

/* Of the part that begins the message: a longer header is one whose UTF-8 no host has to expect. */
static bool header_has_8bit(const text *bytes)
{
  const char *end = memmem(bytes->s, bytes->len, "\r\n\r\n", 4);
  return send_data_has_8bit(bytes->s, end ? (size_t)(end - bytes->s) : bytes->len);
}

bool send_message_open(struct message *m, int fd, uint64_t offset)
{
  struct stat status;
  bool has_dot = false;

  if (fstat(fd, &status) == -1) return false;
  if ((uint64_t)status.st_size < offset) {
    errno = EINVAL;
    return false;
  }
  m->fd = fd;
  m->offset = offset;
  m->size = (uint64_t)status.st_size - offset;
  m->is_whole = m->size <= PART_BYTES;
  m->has_8bit = m->is_plain = m->is_clean = false;
  for (uint64_t at = 0; at < m->size && !m->has_8bit; at += m->bytes.len) {
    if (!send_message_read(m, at)) return false;
    m->has_8bit = send_data_has_8bit(m->bytes.s, m->bytes.len);
    m->has_8bit_header = m->has_8bit && !at && header_has_8bit(&m->bytes);
  }
  if (!m->size) text_clear(&m->bytes);
  m->is_plain = m->is_whole && send_data_is_plain(m->bytes.s, m->bytes.len, &has_dot);
  m->is_clean = m->is_plain && !has_dot;
  return true;
}

#include "send/token.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

enum { TOKEN_MAX = 8192 }; /* so that the command stays within what RFC 4954 4 allows */

static bool is_token(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (!ascii_is_printable(bytes[i]) || bytes[i] == ' ') return false;
  return length > 0;
}

static const char *read_line(int file, text *token)
{
  char bytes[TOKEN_MAX + 2];
  ssize_t length = fd_read(file, bytes, sizeof bytes);

  if (length < 0) return "cannot be read";
  const char *newline = memchr(bytes, '\n', (size_t)length);
  size_t end = newline ? (size_t)(newline - bytes) : (size_t)length;
  if (end && bytes[end - 1] == '\r') end--;
  const char *wrong = end > TOKEN_MAX ? "is longer than 8192 bytes" : is_token(bytes, end) ? 0 : "is no token: one line without spaces";
  if (!wrong) text_add_bytes(token, bytes, end);
  explicit_bzero(bytes, sizeof bytes);
  return wrong;
}

const char *send_token_read(const char *path, text *token)
{
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  const char *wrong;

  text_clear(token);
  if (file == -1) return errno == ENOENT ? "is not there" : errno == EACCES ? "may not be read by mail-remote" : "cannot be opened";
  if (fstat(file, &status) == -1 || !S_ISREG(status.st_mode))
    wrong = "is no file";
  else if (status.st_mode & 07)
    wrong = "is open to everybody: make it 0640 root:mail-remote";
  else
    wrong = read_line(file, token);
  close(file);
  return wrong;
}

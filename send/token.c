#include "send/token.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "lib/call.h"
#include "send/token_answer.h"

static const char *read_line(int file, text *token)
{
  char bytes[TOKEN_BYTES_MAX + 2];
  ssize_t length = fd_read(file, bytes, sizeof bytes);

  if (length < 0) return "cannot be read";
  const char *newline = memchr(bytes, '\n', (size_t)length);
  size_t end = newline ? (size_t)(newline - bytes) : (size_t)length;
  if (end && bytes[end - 1] == '\r') end--;
  const char *wrong = end > TOKEN_BYTES_MAX ? "is longer than 8192 bytes" : send_token_check(bytes, end) ? 0 : "is no token: one line without spaces";
  if (!wrong) text_add_bytes(token, bytes, end);
  explicit_bzero(bytes, sizeof bytes);
  return wrong;
}

static const char *read_file(const char *path, text *token)
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

static const char *ask(const text *rule, const char *refused, unsigned int seconds, text *token)
{
  static text wrong = TEXT_ZERO;
  text request = TEXT_ZERO, answer = TEXT_ZERO;
  const char *given;

  record_add(&request, "what", "token");
  record_add_bytes(&request, "rule", rule->s, rule->len);
  if (refused) record_add(&request, "refused", refused);
  text_copy(&wrong, "token-run does not answer: is it running?");
  if (call_ask("token-run", &request, 0, 0, &answer, 0, seconds) == CALL_DONE) {
    given = record_get(&answer, "token");
    if (!record_is(&answer, "answer", "yes"))
      text_copy(&wrong, record_get(&answer, "error"));
    else if (send_token_check(given, strlen(given))) {
      text_copy(token, given);
      text_clear(&wrong);
    }
  }
  text_wipe(&request);
  text_wipe(&answer);
  return wrong.len ? text_string(&wrong) : 0;
}

bool send_token_is_wanted(const text *facts) { return record_find(facts, "tokenfile") || record_find(facts, "tokencommand"); }

const char *send_token_get(const text *facts, const text *rule, const char *refused, unsigned int seconds, text *token)
{
  static text wrong = TEXT_ZERO;
  const char *path = record_find(facts, "tokenfile"), *trouble;

  text_clear(token);
  if (!path)
    trouble = ask(rule, refused, seconds, token);
  else if ((trouble = read_file(path, token))) {
    text_copy(&wrong, path);
    text_add_format(&wrong, " %s", trouble);
    trouble = text_string(&wrong);
  }
  return trouble ? trouble : refused && text_is(token, refused) ? "there is no other" : 0;
}

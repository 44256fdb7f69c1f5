#include "queue/sums.h"

#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "lib/call.h"

enum { WAIT_SECONDS = 10 };

static void take_numbers(struct queue_sums *sums, struct queue_summary *summary, const text *answer)
{
  uint64_t messages = 0, recipients = 0;

  record_number(answer, "messages", SIZE_MAX, &messages);
  record_number(answer, "recipients", SIZE_MAX, &recipients);
  record_number(answer, "bytes", UINT64_MAX, &sums->bytes);
  record_number(answer, "oldest", UINT64_MAX, &sums->oldest_seconds);
  sums->messages = summary->messages = (size_t)messages;
  sums->recipients = (size_t)recipients;
}

static void put(struct tally *t, struct tally_row *row)
{
  if (t) tally_put(t, row);
  *row = (struct tally_row){ .key = 0 };
}

static void take_rows(struct queue_summary *summary, const text *rows, text *unread)
{
  struct tally_row row = { .key = 0 };
  struct tally *t = 0;
  uint64_t number;
  size_t at = 0, length;

  for (const char *pair; (pair = record_walk(rows, &at, &length));) {
    char *value = (char *)pair + length + 1; /* tally_put copies what it keeps */
    bool is_cause = !strncmp(pair, "cause=", 6), is_destination = !strncmp(pair, "destination=", 12), is_number = number_scan(value, SIZE_MAX, &number);
    if (is_cause || is_destination) {
      put(t, &row);
      t = is_cause ? &summary->causes : &summary->destinations;
      row.key = value;
    } else if (!strncmp(pair, "example=", 8))
      row.example = value;
    else if (!strncmp(pair, "recipients=", 11) && is_number)
      row.recipients = (size_t)number;
    else if (!strncmp(pair, "messages=", 9) && is_number)
      row.messages = (size_t)number;
    else if (!strncmp(pair, "oldest=", 7) && is_number)
      row.oldest_seconds = number;
    else if (!strncmp(pair, "unread=", 7))
      record_add(unread, "unread", value);
  }
  put(t, &row);
}

bool queue_sums_ask(struct queue_sums *sums, struct queue_summary *summary, text *unread)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO, rows = TEXT_ZERO;
  struct call_fds fds = { .count = 0 };
  int socket = call_open_now("send-schedule"); /* one that is away is not waited for: the files are there */
  bool is_good = false;

  record_add(&request, "what", "sums");
  if (socket != -1 && ndelay_off(socket) == 0 && call_send(socket, &request, 0, 0) && call_receive(socket, &answer, &fds, WAIT_SECONDS) == CALL_DONE) {
    is_good = record_is(&answer, "answer", "done") && fds.count == 1 && lseek(fds.fd[0], 0, SEEK_SET) == 0 && slurp(&rows, fds.fd[0]) && record_check(&rows);
    call_close_fds(&fds);
  }
  if (socket != -1) close(socket);
  if (is_good) {
    take_numbers(sums, summary, &answer);
    take_rows(summary, &rows, unread);
  }
  text_free(&request);
  text_free(&answer);
  text_free(&rows);
  return is_good;
}

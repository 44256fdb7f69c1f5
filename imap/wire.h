/* wire: the connection of a client: commands in, answers out. Answers are collected and go out in one write when the
   client has sent nothing more, or when there are many. */

#ifndef IMAP_WIRE_H
#define IMAP_WIRE_H

#include "imap/input.h"
#include "lib/octets.h"

enum imap_wire_end {
  IMAP_WIRE_OPEN,
  IMAP_WIRE_CLOSED,    /* by the client, or the connection broke */
  IMAP_WIRE_SILENT,    /* nothing came in time */
  IMAP_WIRE_STUCK,     /* the client does not take its answers */
  IMAP_WIRE_TERMINATED /* SIGTERM */
};

struct imap_wire {
  int in, out;
  unsigned int seconds; /* so long may a client say nothing */
  int64_t deadline;     /* or until then (imap_wire_now), whatever it says; 0: no limit */
  enum imap_wire_end end;
  struct imap_input input;
  text answer;
  size_t at, length;
  char bytes[16384];
};

/* Both descriptors become non-blocking; SIGTERM is caught from now on, SIGPIPE ignored. */
void imap_wire_open(struct imap_wire *w, int in, int out);
void imap_wire_open_again(struct imap_wire *w); /* other sockets have come to the same descriptors */
void imap_wire_free(struct imap_wire *w);

/* What arrived before. Pieces are taken by imap_wire_command like any other input. */
void imap_wire_put_back(struct imap_wire *w, const char *bytes, size_t length); /* at most sizeof w->bytes */

/* The next thing in the client's input: what imap_input_add says, but for MORE and CONTINUE, which are done here. LOST
   with w->end if there is no more input. */
enum imap_input_result imap_wire_command(struct imap_wire *w);

/* The same, but returns IMAP_INPUT_MORE when news_fd (or -1) is readable, or after news_seconds (or 0: never). */
enum imap_input_result imap_wire_command_or_news(struct imap_wire *w, int news_fd, unsigned int news_seconds);

/* Bytes of a streamed literal: some of what is left; 0 with w->end if there are none. */
size_t imap_wire_take(struct imap_wire *w, uint64_t left, const char **bytes);

void imap_wire_add(struct imap_wire *w, const char *string);
void imap_wire_add_bytes(struct imap_wire *w, const char *bytes, size_t length); /* large ones go out without a copy */
void imap_wire_add_number(struct imap_wire *w, uint64_t number);
void imap_wire_flush(struct imap_wire *w);

/* Waits until that descriptor (not the client's) can be read or written, by events of poll; at most so many seconds. False: not in time,
   or SIGTERM (w->end). */
bool imap_wire_wait(struct imap_wire *w, int fd, short events, unsigned int seconds);

int64_t imap_wire_now(void); /* seconds of a clock that is never set */

#endif

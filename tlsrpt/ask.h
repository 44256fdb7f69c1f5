/* ask: the operator's words to the tls-report that runs. */

#ifndef TLSRPT_ASK_H
#define TLSRPT_ASK_H

#define TLSRPT_ASK_USAGE "tls-report show [DOMAIN], or tls-report send [--day YYYY-MM-DD]"

int tlsrpt_ask(const char *const *words, const char *usage); /* an exit code */

#endif

/* evidence: what the client has brought to show who it is - a password, a proof, a token, a certificate - is judged, and it is answered. */

#ifndef AUTH_EVIDENCE_H
#define AUTH_EVIDENCE_H

#include "auth/conversation.h"

void evidence_password(struct conversation *c); /* or the proof that the client has the keys */
void evidence_keys(struct conversation *c);     /* gives sasl the keys of the name that the client has said, for that proof */
void evidence_token(struct conversation *c);
void evidence_certificate(struct conversation *c); /* EXTERNAL (RFC 4422 A) */

#endif

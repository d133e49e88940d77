/* failure.h - an error of this process as what is stored about a job or a file. */
#ifndef R2D_PG_FAILURE_H
#define R2D_PG_FAILURE_H

#include "catalog.h"

/* The error's text, and the mark of AWS that belongs to it (bridge.h). Borrows from the error. */
extern void r2d_failure_of(const ErrorData *error, R2dFailure *failure);

/* The same of an error that the core returned. Texts that the database's encoding cannot hold are
 * left out; the codes are borrowed. */
extern void r2d_failure_of_core(const R2dError *err, R2dFailure *failure);

/* True for what the next try may not meet: a cancel, a lock, a deadlock. */
extern bool r2d_failure_passes(const ErrorData *error);

#endif

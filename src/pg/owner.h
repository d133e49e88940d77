/*
 * owner.h - whom a job belongs to.
 *
 * A role is known by its oid: a rename does not change it, and a role that is made later by the
 * same name does not get it. On another system (dump and restore) oids are other roles': there the
 * name tells, until the job is taken over.
 */
#ifndef R2D_PG_OWNER_H
#define R2D_PG_OWNER_H

#include "catalog.h"

/* The role whose rights and secrets the job's workers use. Throws when it was dropped, or is not on
 * this system. */
extern Oid r2d_job_owner(const R2dJob *job);

#endif

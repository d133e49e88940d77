/* leader_session.c - the leader's sessions with the warehouse: its own, and one to ask while that
 * waits for an UNLOAD. */
#include "leader.h"

static void end(R2dRedshift **session)
{
    if (*session != NULL)
        r2d_redshift_close(*session);
    *session = NULL;
}

static R2dRedshift *obtain(R2dLeader *leader, R2dRedshift **session)
{
    if (*session != NULL && !r2d_redshift_idle(*session)) /* lost, or left in a statement */
        end(session);
    if (*session == NULL)
        *session = r2d_redshift_open(leader->context, leader->options);
    return *session;
}

R2dRedshift *r2d_leader_session(R2dLeader *leader)
{
    return obtain(leader, &leader->redshift);
}

R2dRedshift *r2d_leader_asking_session(R2dLeader *leader)
{
    return obtain(leader, leader->unload_pid != 0 ? &leader->asking : &leader->redshift);
}

void r2d_leader_sessions_end(R2dLeader *leader)
{
    end(&leader->asking);
    end(&leader->redshift);
}

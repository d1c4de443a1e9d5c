"""The requests to a host, by resource; and the flows of those that take more than one."""

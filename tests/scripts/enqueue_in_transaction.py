"""Enqueues inside its own transactions, commits one and rolls back another.

Usage: enqueue_in_transaction.py DATABASE_URL

The database has an ordinary driver's point of view: a role with rights on Windlass's functions only.
Prints the id of what was committed, what its result was, and the id of what was rolled back.
"""

import sys
import time

import psycopg
from psycopg.types.json import Jsonb


def enqueue(connection, order):
    """Stores an order and the call that handles it, in whatever transaction is open."""
    connection.execute("insert into app.orders (number) values (%s)", (order,))
    (invocation,) = connection.execute(
        "select windlass.enqueue('orders', 'hello/greet', %s, %s)",
        (Jsonb([f"order {order}"]), Jsonb({"tags": {"order": str(order)}})),
    ).fetchone()
    return invocation


def result(connection, invocation):
    """Asks for the result until there is one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        (found,) = connection.execute("select windlass.result(%s)", (invocation,)).fetchone()
        connection.commit()
        if found is not None and found["state"] in ("succeeded", "failed", "cancelled"):
            return found
        time.sleep(0.02)
    raise TimeoutError(f"{invocation} has no result after a minute")


def main():
    with psycopg.connect(sys.argv[1]) as connection:
        kept = enqueue(connection, 1)
        connection.commit()

        dropped = enqueue(connection, 2)
        connection.rollback()

        many = connection.execute(
            "select windlass.enqueue_many('orders', 'hello/greet', %s)",
            ([Jsonb(["a"]), Jsonb(["b"])],),
        ).fetchall()
        connection.commit()

        misfit = connection.execute(
            "select windlass.enqueue('orders', 'hello/greet', %s)", (Jsonb([7]),)
        ).fetchone()[0]
        connection.commit()

        try:
            connection.execute("select * from windlass.invocations")
            print("the role sees the tables", file=sys.stderr)
            sys.exit(1)
        except psycopg.errors.InsufficientPrivilege:
            connection.rollback()

        orders = connection.execute("select count(*) from app.orders").fetchone()[0]
        print(kept, result(connection, kept)["value"], sep="\t")
        print(dropped, orders, sep="\t")
        print(*(result(connection, invocation)["value"] for (invocation,) in many), sep="\t")
        print(misfit, result(connection, misfit)["error"]["kind"], sep="\t")


main()

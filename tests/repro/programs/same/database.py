"""Keeps its metrics in a database and a table."""

import csv
import sqlite3

connection = sqlite3.connect("metrics.db")
connection.execute("create table metric (step integer, loss real)")
connection.executemany("insert into metric values (?, ?)", [(step, 1 / (step + 1)) for step in range(20)])
connection.commit()
with open("metrics.tsv", "w", newline="") as file:
    csv.writer(file, delimiter="\t").writerows(connection.execute("select * from metric"))
connection.close()

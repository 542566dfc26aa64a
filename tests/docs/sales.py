"""The database of the pages: a small shop, as a T-SQL script for mssim."""

from __future__ import annotations

from collections.abc import Iterator

SCHEMA = """\
ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
CREATE TYPE dbo.Barcode EXTERNAL NAME Shop.[Shop.Barcode]
GO
CREATE TABLE dbo.Customers (
    Id int IDENTITY(1, 1) NOT NULL CONSTRAINT PK_Customers PRIMARY KEY,
    Name nvarchar(80) NOT NULL,
    Email varchar(120) COLLATE SQL_Latin1_General_CP1_CI_AS NOT NULL CONSTRAINT UQ_Customers_Email UNIQUE,
    Since date NOT NULL
)
CREATE TABLE dbo.Products (
    Id int NOT NULL CONSTRAINT PK_Products PRIMARY KEY,
    Name nvarchar(80) NOT NULL,
    Price money NOT NULL CONSTRAINT CK_Products_Price CHECK (Price >= 0),
    Code dbo.Barcode NULL
)
CREATE TABLE dbo.Orders (
    Id int IDENTITY(1, 1) NOT NULL CONSTRAINT PK_Orders PRIMARY KEY,
    CustomerId int NOT NULL CONSTRAINT FK_Orders_Customers REFERENCES dbo.Customers (Id),
    Placed datetimeoffset(3) NOT NULL,
    Packed datetime2(7) NULL,
    State varchar(10) NOT NULL CONSTRAINT DF_Orders_State DEFAULT 'new'
)
CREATE NONCLUSTERED INDEX IX_Orders_Customer ON dbo.Orders (CustomerId)
CREATE TABLE dbo.OrderLines (
    OrderId int NOT NULL CONSTRAINT FK_OrderLines_Orders REFERENCES dbo.Orders (Id),
    Line smallint NOT NULL,
    ProductId int NOT NULL CONSTRAINT FK_OrderLines_Products REFERENCES dbo.Products (Id),
    Quantity int NOT NULL,
    Price money NOT NULL,
    CONSTRAINT PK_OrderLines PRIMARY KEY (OrderId, Line)
)
CREATE TABLE dbo.Notes (
    Id int NOT NULL CONSTRAINT PK_Notes PRIMARY KEY,
    OrderId int NOT NULL CONSTRAINT FK_Notes_Orders REFERENCES dbo.Orders (Id),
    Body nvarchar(200) NOT NULL
)
GO
CREATE VIEW dbo.OpenOrders AS SELECT Id, CustomerId FROM dbo.Orders WHERE State = 'new'
GO
"""


def inserts(table: str, columns: str, rows: Iterator[str], *, identity: bool = False) -> Iterator[str]:
    """INSERTs of 500 rows."""
    if identity:
        yield f"SET IDENTITY_INSERT {table} ON\n"
    batch: list[str] = []
    for row in rows:
        batch.append(f"({row})")
        if len(batch) == 500:
            yield f"INSERT INTO {table} ({columns}) VALUES {', '.join(batch)}\nGO\n"
            batch = []
    if batch:
        yield f"INSERT INTO {table} ({columns}) VALUES {', '.join(batch)}\nGO\n"
    if identity:
        yield f"SET IDENTITY_INSERT {table} OFF\nGO\n"


def script(orders: int = 20_000) -> str:
    customers, products = orders // 10, 200
    parts = [SCHEMA]
    parts += inserts("dbo.Customers", "Id, Name, Email, Since", (
        f"{i}, N'Customer {i}', 'c{i}@example.com', '20{10 + i % 10}-0{1 + i % 9}-1{i % 9}'" for i in range(1, customers + 1)),
        identity=True)
    parts += inserts("dbo.Products", "Id, Name, Price", (f"{i}, N'Product {i}', {i}.95" for i in range(1, products + 1)))
    parts += inserts("dbo.Orders", "Id, CustomerId, Placed, Packed, State", (
        f"{i}, {1 + i * 7 % customers}, '2024-0{1 + i % 9}-1{i % 9} 10:{i % 60:02}:00.000 +0{i % 3}:00', "
        f"'2024-0{1 + i % 9}-2{i % 9} 08:00:00.123456{i % 10}', '{('new', 'sent', 'paid')[i % 3]}'" for i in range(1, orders + 1)),
        identity=True)
    parts += inserts("dbo.OrderLines", "OrderId, Line, ProductId, Quantity, Price", (
        f"{i}, {line}, {1 + (i * 3 + line) % products}, {1 + line}, {1 + (i * 3 + line) % products}.95"
        for i in range(1, orders + 1) for line in range(1, 4)))
    parts += inserts("dbo.Notes", "Id, OrderId, Body", (
        f"{i}, {i * 4}, " + ("N'call ' + NCHAR(0) + N'first'" if i == 7 else f"N'Leave order {i * 4} at the door'")
        for i in range(1, orders // 4 + 1)))
    return "".join(parts)


if __name__ == "__main__":
    print(script(), end="")

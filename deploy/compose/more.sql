-- Doubles the orders until there are enough of them to watch a copy: 786,432 rows.
SET NOCOUNT ON;
DECLARE @rows bigint = (SELECT COUNT_BIG(*) FROM sales.Orders);
WHILE @rows < 500000
BEGIN
    INSERT INTO sales.Orders (Id, CustomerId, Placed, Total, Note)
    SELECT Id + @rows, CustomerId, Placed, Total, Note FROM sales.Orders;
    SET @rows = @rows * 2;
END;
GO

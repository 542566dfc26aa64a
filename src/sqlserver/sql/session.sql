-- What every session starts with. TEXTSIZE: long values come whole, which is not every server's default.
-- NOCOUNT: the rows of an answer are compared with the number that the server says it sent; a server whose `user options`
-- say ON would say none.
-- The others are what ODBC and ADO.NET set, and what computed columns and xml ask for.
SET TEXTSIZE 2147483647;
SET NOCOUNT OFF;
SET QUOTED_IDENTIFIER ON;
SET ANSI_NULLS ON;
SET ANSI_PADDING ON;
SET ANSI_WARNINGS ON;
SET ARITHABORT ON;
SET CONCAT_NULL_YIELDS_NULL ON;
SET NUMERIC_ROUNDABORT OFF;

-- An identity of numeric, as scripts of 2000 to 2008 have it.
-- Expected: the type stays; a sequence gives the next number behind the last value.
CREATE TABLE dbo.Num (Id numeric(18,0) IDENTITY(1,1) NOT NULL PRIMARY KEY, V int NULL);
INSERT INTO dbo.Num (V) VALUES (1), (2);

-- RUN: shardferry run --collations icu. Seen: assessment "converted" for all 12 objects; FK_Rate cannot be validated (exit 3); 'USD' is let in beside 'USD '.
-- EXPECTED in PostgreSQL: either the keys hold without trailing blanks (unique index and foreign key over rtrim, or the values trimmed by a policy, counted),
-- or the assessment says BEFORE the run of every varchar/nvarchar key: trailing blanks are part of the value here, and are not in SQL Server. Never "as in the source".
-- the child's key has a trailing blank (or another padding), which SQL Server does not see
CREATE TABLE dbo.Currency (Code varchar(10) NOT NULL CONSTRAINT PK_Currency PRIMARY KEY, Fixed char(6) NOT NULL CONSTRAINT UQ_Fixed UNIQUE);
CREATE TABLE dbo.Rate (Id int NOT NULL PRIMARY KEY, Code varchar(10) NOT NULL CONSTRAINT FK_Rate REFERENCES dbo.Currency (Code), Fixed char(6) NULL CONSTRAINT FK_Fixed REFERENCES dbo.Currency (Fixed));
INSERT INTO dbo.Currency VALUES ('EUR', 'E'), ('USD ', 'U');
INSERT INTO dbo.Rate VALUES (1, 'EUR ', 'E'), (2, 'USD', 'U     '), (3, 'EUR', NULL);

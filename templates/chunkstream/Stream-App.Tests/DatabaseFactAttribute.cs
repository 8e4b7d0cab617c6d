namespace Stream_App.Tests;

/// <summary>A test that needs a database: it is skipped where ConnectionStrings__Postgres is not set.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DatabaseFactAttribute : FactAttribute
{
    public DatabaseFactAttribute()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("ConnectionStrings__Postgres")))
            Skip = "Set ConnectionStrings__Postgres to the connection string of a database.";
    }
}

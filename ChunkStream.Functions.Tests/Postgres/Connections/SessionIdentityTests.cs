using System.Text.Json;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Identity;
using ChunkStream.Postgres.Connections;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Connections;

[Collection(RealPostgres.Collection)]
public sealed class SessionIdentityTests(RealPostgres postgres)
{
    // Ours are always rolled back, which would take back also what was set for the whole session.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Role_and_claims_end_with_the_transaction_however_it_ends(bool isCommitted)
    {
        var caller = new Caller(
            "https://issuer.example", "anna", JsonElement.Parse("""{"sub":"anna"}"""), roles: [], expires: null);
        await using var connection = new NpgsqlConnection(postgres.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var seen = new NpgsqlCommand(
            "select concat_ws('|', current_setting('request.jwt.claims', true),"
            + " current_setting('request.jwt.claim.sub', true), current_setting('role'), current_user)",
            connection);

        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await SessionIdentity.EnterAsync(connection, new SessionIdentity("pg_monitor", caller));
            Assert.Equal("""{"sub":"anna"}|anna|pg_monitor|pg_monitor""", await seen.ExecuteScalarAsync().Within());
            if (isCommitted)
                await transaction.CommitAsync();
        }

        var login = new NpgsqlConnectionStringBuilder(postgres.ConnectionString).Username;
        Assert.Equal($"||none|{login}", await seen.ExecuteScalarAsync().Within());
    }
}

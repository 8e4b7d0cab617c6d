using Azure.Core;
using Azure.Identity;
using ChunkStream.DatabaseRole;
using Npgsql;

// The hook of azure.yaml that runs after `azd provision`: it makes the app's identity a role of the database. It may
// run at any time again. azd gives the outputs of infra/main.bicep as environment variables.
try
{
    var role = new AppRole(
        Given("APP_IDENTITY_NAME"), Given("APP_IDENTITY_PRINCIPAL_ID"), Given("POSTGRES_DATABASE"));
    if (bool.Parse(Given("POSTGRES_IS_PRIVATE")))
    {
        Console.WriteLine(
            "The database has a private address only, so its role is not made from here. Let "
            + $"{Given("POSTGRES_ADMIN")} run this inside the network, once:\n\n{role.Script}");
        return 0;
    }

    var token = await Logins().GetTokenAsync(
        new TokenRequestContext(["https://ossrdbms-aad.database.windows.net/.default"]), CancellationToken.None);
    var server = Server(Given("POSTGRES_HOST"), Given("POSTGRES_ADMIN"), token.Token);
    Console.WriteLine(await role.EnsureAsync(server));
    return 0;
}
catch (Exception failure) when (failure is NpgsqlException or AuthenticationFailedException or RoleException)
{
    Console.Error.WriteLine(
        $"The app's role was not made: {failure.Message}\n"
        + "The app can't use the database until it is: `azd hooks run postprovision` tries again.");
    return 1;
}

// Whoever is logged in to azd has just made the server. In a virtual machine it may be that machine's identity.
static ChainedTokenCredential Logins() => new(
    new AzureDeveloperCliCredential(),
    new AzureCliCredential(),
    new ManagedIdentityCredential(ManagedIdentityId.SystemAssigned));

// On this machine itself there may be a tunnel to the server. The server's certificate does not name it.
static NpgsqlConnectionStringBuilder Server(string host, string administrator, string token) => new()
{
    Host = host.Split(':')[0],
    Port = host.Split(':') is [_, var port] ? int.Parse(port) : NpgsqlConnection.DefaultPort,
    Username = administrator,
    Password = token,
    SslMode = host.Split(':')[0] is "127.0.0.1" or "localhost" ? SslMode.Prefer : SslMode.VerifyFull,
    Pooling = false,
};

static string Given(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
    ? value
    : throw new RoleException($"The environment variable {variable} is missing; azd sets it from infra/main.bicep.");

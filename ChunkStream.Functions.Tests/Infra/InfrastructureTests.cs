using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live;

namespace ChunkStream.Functions.Tests.Infra;

/// <summary>What <c>azd up</c> makes, as far as it shows without Azure: infra/, compiled and evaluated.</summary>
public sealed partial class InfrastructureTests(InfrastructureTests.Evaluated evaluated)
    : IClassFixture<InfrastructureTests.Evaluated>
{
    private const string HowToRenew =
        "infra/main.snapshot.json is not what infra/ makes. If the change is meant, run this, and look at what changed:"
        + "\nAZURE_ENV_NAME=dev AZURE_LOCATION=westeurope DEPLOYER_IP=203.0.113.7 bicep snapshot infra/main.bicepparam "
        + "--mode overwrite --subscription-id 00000000-0000-0000-0000-000000000001 "
        + "--tenant-id 00000000-0000-0000-0000-000000000002 --location westeurope\n\n";

    [BicepFact]
    public void The_templates_have_no_warning() => Assert.Equal("", evaluated.Warnings);

    [BicepFact]
    public void They_make_what_the_committed_snapshot_says()
        // The outputs are in another order each time.
        => Assert.True(
            JsonNode.DeepEquals(
                JsonNode.Parse(File.ReadAllText(Path.Combine(Bicep.Folder, "main.snapshot.json"))),
                JsonNode.Parse(evaluated.Snapshot)),
            HowToRenew + evaluated.Snapshot);

    [BicepFact]
    public void Nothing_has_a_password_or_a_key()
    {
        Assert.DoesNotMatch(Secrets(), evaluated.Snapshot);
        Assert.DoesNotMatch(Secrets(), evaluated.Template);

        Assert.False((bool)evaluated.The("Microsoft.Storage/storageAccounts")["allowSharedKeyAccess"]!);
        Assert.True((bool)evaluated.The("Microsoft.KeyVault/vaults")["enableRbacAuthorization"]!);
        Assert.True((bool)evaluated.The("Microsoft.Insights/components")["DisableLocalAuth"]!);
        Assert.True((bool)evaluated.The("Microsoft.OperationalInsights/workspaces")["features"]!["disableLocalAuth"]!);
        Assert.Equal("Disabled", Authentication("passwordAuth"));
        Assert.Equal("Enabled", Authentication("activeDirectoryAuth"));
        Assert.All(
            evaluated.All("Microsoft.Web/sites/basicPublishingCredentialsPolicies"),
            policy => Assert.False((bool)policy["properties"]!["allow"]!));
        Assert.Equal(2, evaluated.All("Microsoft.Web/sites/basicPublishingCredentialsPolicies").Count());

        string Authentication(string kind)
            => (string)evaluated.The("Microsoft.DBforPostgreSQL/flexibleServers")["authConfig"]![kind]!;
    }

    [BicepFact]
    public void The_app_is_its_user_assigned_identity_everywhere()
    {
        var site = evaluated.All("Microsoft.Web/sites").Single();
        Assert.Equal("UserAssigned", (string)site["identity"]!["type"]!);
        var package = site["properties"]!["functionAppConfig"]!["deployment"]!["storage"]!["authentication"]!;
        Assert.Equal("UserAssignedIdentity", (string)package["type"]!);
        Assert.Equal(
            (string)package["userAssignedIdentityResourceId"]!,
            (string)site["properties"]!["keyVaultReferenceIdentity"]!);
        Assert.Equal(3, evaluated.All("Microsoft.Authorization/roleAssignments").Count());

        var settings = evaluated.Settings;
        Assert.Equal("managedidentity", (string)settings["AzureWebJobsStorage__credential"]!);
        var client = (string)settings["AzureWebJobsStorage__clientId"]!;
        Assert.Equal(client, (string)settings["ChunkStream__Azure__DatabaseIdentity"]!);
        Assert.Contains("Authorization=AAD", (string)settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]!,
            StringComparison.Ordinal);
        Assert.Contains("@Microsoft.KeyVault(SecretUri=", (string)settings["ChunkStream__ResumeKey"]!,
            StringComparison.Ordinal);
        Assert.Contains("SSL Mode=VerifyFull", (string)settings["ConnectionStrings__Postgres"]!,
            StringComparison.Ordinal);
    }

    [BicepFact]
    public void The_secret_of_resume_tokens_is_made_once_and_then_left_alone()
        => Assert.Matches("\"onlyIfNotExists\": \\[\\][^@]*\"Microsoft.KeyVault/vaults/secrets\"", evaluated.Template);

    [BicepFact]
    public void A_deployment_replaces_instances_one_after_another()
        => Assert.Equal(
            "RollingUpdate",
            (string)evaluated.The("Microsoft.Web/sites")["functionAppConfig"]!["siteUpdateStrategy"]!["type"]!);

    [BicepFact]
    public void Each_app_setting_is_one_that_the_documentation_has()
    {
        var documented = File.ReadAllText(Path.Combine(Repository.Root, "docs", "settings.md"));

        Assert.NotEmpty(evaluated.Settings);
        Assert.All(evaluated.Settings, setting
            => Assert.Contains($"| `{setting.Key}` |", documented, StringComparison.Ordinal));
    }

    [BicepFact]
    public void The_pools_that_are_counted_are_the_pools_that_the_app_gets()
    {
        var scale = evaluated.The("Microsoft.Web/sites")["functionAppConfig"]!["scaleAndConcurrency"]!;
        var queries = int.Parse(
            PoolSize().Match((string)evaluated.Settings["ConnectionStrings__Postgres"]!).Groups[1].Value);
        var streams = int.Parse((string)evaluated.Settings["ChunkStream__Streams__Connections"]!);
        var instances = (int)scale["maximumInstanceCount"]! + 1;
        var beside = DurableDatabase.OutsideThePool + LiveDatabase.MostConnections;
        var needed = (2 * instances * (queries + streams + beside)) + 20;

        Assert.Equal(needed, (int)evaluated.Outputs["CONNECTIONS_NEEDED"]!);
        Assert.True(needed <= (int)evaluated.Outputs["CONNECTIONS_OF_SERVER"]!);

        // The platform adds an instance before streams would wait for a connection of this one.
        Assert.True((int)scale["triggers"]!["http"]!["perInstanceConcurrency"]! < queries);
    }

    [BicepFact]
    public async Task More_connections_than_the_server_has_are_refused()
        => AssertRefused(
            "2 x (5 + 1) instances x (24 + 8 + 6) connections + 20 = 476, "
            + "but a server of the SKU Standard_B2s has 414.",
            await Bicep.SnapshotAsync(("MAXIMUM_INSTANCES", "5")));

    [BicepFact]
    public async Task Other_mistakes_of_the_capacity_are_refused_too()
    {
        await AssertCheckedAsync("SKU Standard_X1 are not known", alwaysReady: 1, "Standard_X1");
        await AssertCheckedAsync("alwaysReady (5) is above maximumInstances (4)", alwaysReady: 5, "Standard_B2s");

        // The check alone, which takes a fraction of the time of the whole.
        static async Task AssertCheckedAsync(string message, int alwaysReady, string sku)
            => AssertRefused(message, await Bicep.SnapshotOfAsync(
                $$"""
                import { checkedCapacity } from 'capacity.bicep'
                var capacity = {
                  maximumInstances: 4
                  alwaysReady: {{alwaysReady}}
                  httpConcurrency: 20
                  memoryMB: 512
                  queryConnections: 24
                  streamConnections: 8
                }
                var safe = checkedCapacity(capacity, '{{sku}}')
                output capacity object = safe
                """,
                "using 'main.bicep'"));
    }

    [BicepFact]
    public async Task A_private_database_has_no_public_address_and_instances_and_origins_are_as_chosen()
    {
        var (snapshot, messages) = await Bicep.SnapshotAsync(
            ("PRIVATE_DATABASE", "true"), ("ALWAYS_READY_INSTANCES", "1"),
            ("CORS_ORIGINS", "https://app.example.org, https://other.example.org"));
        Assert.True(snapshot is not null, messages);

        Assert.DoesNotContain("firewallRules", snapshot, StringComparison.Ordinal);
        Assert.DoesNotContain("publicNetworkAccess", snapshot, StringComparison.Ordinal);
        Assert.Contains("\"serviceName\": \"Microsoft.App/environments\"", snapshot, StringComparison.Ordinal);
        Assert.Contains(
            "\"serviceName\": \"Microsoft.DBforPostgreSQL/flexibleServers\"", snapshot, StringComparison.Ordinal);
        Assert.Matches("\"alwaysReady\": \\[\\s*{\\s*\"name\": \"http\",\\s*\"instanceCount\": 1", snapshot);
        Assert.Matches("\"virtualNetworkSubnetId\": \".*'appSubnetId'", snapshot);
        Assert.Matches(
            "\"allowedOrigins\": \\[\\s*\"https://app.example.org\",\\s*\"https://other.example.org\"\\s*\\]",
            snapshot);
    }

    private static void AssertRefused(string message, (string? Snapshot, string Messages) result)
    {
        Assert.Null(result.Snapshot);
        Assert.Contains(message, result.Messages, StringComparison.Ordinal);
    }

    // Whatever could be a secret, but for the words with which secrets are switched off.
    [GeneratedRegex(
        "listKeys|listAccountSas|AccountKey|SharedAccess|administratorLogin|InstrumentationKey="
        + "|(?<!\")[Pp]assword(?!Auth)")]
    private static partial Regex Secrets();

    [GeneratedRegex(@"Maximum Pool Size=\{3\}.*, (\d+)\)\]$")]
    private static partial Regex PoolSize();

    /// <summary>The templates, compiled and evaluated once.</summary>
    public sealed class Evaluated : IAsyncLifetime
    {
        private JsonNode? _root;

        public string Warnings { get; private set; } = "";

        public string Template { get; private set; } = "";

        public string Snapshot { get; private set; } = "";

        public JsonObject Settings => The("Microsoft.Web/sites/config").AsObject();

        public JsonObject Outputs => _root!["outputs"]!.AsObject();

        public IEnumerable<JsonNode> All(string type)
            => _root!["predictedResources"]!.AsArray().Where(resource => (string)resource!["type"]! == type)!;

        public JsonNode The(string type) => All(type).Single()["properties"]!;

        public async Task InitializeAsync()
        {
            if (Bicep.Program is null)
                return;

            var compiling = Bicep.RunAsync(["build", "main.bicep", "--stdout"]);
            var (snapshot, messages) = await Bicep.SnapshotAsync();
            (_, Template, Warnings) = await compiling;
            Snapshot = snapshot ?? throw new InvalidOperationException(messages);
            _root = JsonNode.Parse(Snapshot);
        }

        public Task DisposeAsync() => Task.CompletedTask;
    }
}

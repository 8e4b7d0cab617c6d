using System.Runtime.CompilerServices;
using ChunkStream;
using Dapper;
using DatabaseRows;
using Microsoft.EntityFrameworkCore;
using Npgsql;

var builder = WebApplication.CreateBuilder(args);
var connection = builder.Configuration.GetConnectionString("Postgres")
    ?? throw new InvalidOperationException("Set ConnectionStrings__Postgres to that of an empty database.");
await using var database = NpgsqlDataSource.Create(connection);
builder.Services.AddSingleton(database);
builder.Services.AddDbContext<Shop>(options => options.UseNpgsql(database));
builder.Services.AddChunkStream();
var app = builder.Build();

app.MapGet("/ef/orders", (Shop shop, decimal min) => StreamResults.Items(
    shop.Orders.AsNoTracking().Where(order => order.Amount >= min).OrderBy(order => order.Id).AsAsyncEnumerable()));

app.MapGet("/dapper/orders", (NpgsqlDataSource database, decimal min) => StreamResults.Items(
    cancellation => Orders(database, min, cancellation)));

await using (var scope = app.Services.CreateAsyncScope())
    await scope.ServiceProvider.GetRequiredService<Shop>().Database.EnsureCreatedAsync();
app.Run();

// Unbuffered: a slow reader slows the database, and memory stays flat.
static async IAsyncEnumerable<Order> Orders(
    NpgsqlDataSource database, decimal min, [EnumeratorCancellation] CancellationToken cancellation)
{
    await using var connection = await database.OpenConnectionAsync(cancellation);
    var orders = connection.QueryUnbufferedAsync<Order>(
        """select "Id", "Customer", "Amount" from "Orders" where "Amount" >= @min order by "Id" """, new { min });
    await foreach (var order in orders.WithCancellation(cancellation))
        yield return order;
}
